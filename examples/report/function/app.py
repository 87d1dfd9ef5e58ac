"""Sums up the sales below sales/ by product and writes reports/latest.csv."""

import collections
import csv
import io
import os

import boto3

s3 = boto3.client("s3")
bucket = os.environ["BUCKET"]


def handler(event, context):
    totals = collections.Counter()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="sales/"):
        for found in page.get("Contents", []):
            add(found["Key"], totals)
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(["product", event["currency"]])
    writer.writerows(sorted(totals.items()))
    s3.put_object(Bucket=bucket, Key="reports/latest.csv", Body=made.getvalue(), ContentType="text/csv")


def add(key, totals):
    text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    for row in csv.DictReader(io.StringIO(text)):
        totals[row["product"]] += int(row["amount"])
