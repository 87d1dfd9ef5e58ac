"""What Lambda itself tells CloudWatch of every function: the namespace ``AWS/Lambda``."""
