import logging

logging.getLogger().setLevel("INFO")
logging.info("while importing")


def handler(event, context):
    logging.info("in the handler")
    return "ok"
