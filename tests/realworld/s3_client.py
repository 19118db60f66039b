"""Sends a file to S3 and gets it back, as anybody does with boto3: `s3_client.py URL SOURCE TARGET`."""

import json
import logging
import sys

import boto3

BUCKET, KEY = "backups", "2026/shop dump.bin"


class Heard(logging.Handler):
    """Counts how often the client says that it was told to continue: without, it goes on after a second, unnoticed."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += record.getMessage().startswith("100 Continue response seen")


heard = Heard()
logger = logging.getLogger("botocore.awsrequest")
logger.addHandler(heard)
logger.setLevel(logging.DEBUG)

url, source, target = sys.argv[1:]
client = boto3.client("s3", endpoint_url=url)
client.create_bucket(Bucket=BUCKET)
client.upload_file(source, BUCKET, KEY)
head = client.head_object(Bucket=BUCKET, Key=KEY)
client.download_file(BUCKET, KEY, target)
listed = client.list_objects_v2(Bucket=BUCKET)["Contents"]
client.delete_object(Bucket=BUCKET, Key=KEY)
left = client.list_objects_v2(Bucket=BUCKET)["KeyCount"]
client.delete_bucket(Bucket=BUCKET)
said = {
    "size": head["ContentLength"],
    "etag": head["ETag"].strip('"'),
    "listed": [found["Key"] for found in listed],
    "left": left,
    "continued": heard.count,
}
sys.stdout.write(json.dumps(said))
