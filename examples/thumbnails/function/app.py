"""Makes a thumbnail of each picture that is put into the bucket, and a row about it."""

import io
import os
from urllib.parse import unquote_plus

import boto3
from PIL import Image

LONGEST_SIDE = 128
s3 = boto3.client("s3")
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    for record in event["Records"]:
        # Keys in notifications are encoded as in a URL.
        make(record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"]))


def make(bucket, key):
    picture = Image.open(s3.get_object(Bucket=bucket, Key=key)["Body"])
    width, height = picture.size
    picture = picture.convert("RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    made = io.BytesIO()
    picture.save(made, "JPEG")
    thumbnail = f"thumbnails/{key.removeprefix('pictures/').rpartition('.')[0]}.jpg"
    s3.put_object(Bucket=bucket, Key=thumbnail, Body=made.getvalue(), ContentType="image/jpeg")
    table.put_item(Item={"picture": key, "thumbnail": thumbnail, "width": width, "height": height})
    print(f"{key} ({width} x {height}) -> {thumbnail} {picture.size}")
