"""A picture put into S3 becomes a thumbnail beside it and a row in DynamoDB (Python with Pillow)."""

import struct
import zlib

PICTURE = "pictures/evening sky.png"


def tell(stage):
    """Put a picture, wait for its row; the row and the thumbnail."""
    bucket, table = stage.outputs["Bucket"], stage.outputs["Table"]
    s3, rows = stage.client("s3"), stage.client("dynamodb")
    body = sky(640, 360)
    stage.say(f"putting s3://{bucket}/{PICTURE} (640 x 360, {len(body):,} bytes)")
    s3.put_object(Bucket=bucket, Key=PICTURE, Body=body)
    key = {"picture": {"S": PICTURE}}
    row = stage.until(lambda: rows.get_item(TableName=table, Key=key).get("Item"), "a row about the picture")
    thumbnail = s3.get_object(Bucket=bucket, Key=row["thumbnail"]["S"])["Body"].read()
    stage.say(f"the function made s3://{bucket}/{row['thumbnail']['S']} ({len(thumbnail):,} bytes)")
    stage.say(
        f"the row in {table}: "
        + ", ".join(f"{name} {next(iter(row[name].values()))}" for name in sorted(row))
    )
    return row, thumbnail


def sky(width, height):
    """A picture without any library: a PNG file from blue to orange."""
    rows = b"".join(
        b"\0" + bytes((255 * y // height, 120, 255 - 200 * y // height)) * width for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
