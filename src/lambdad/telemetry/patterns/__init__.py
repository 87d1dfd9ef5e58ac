"""Filter patterns: which log events somebody wants, as CloudWatch Logs writes it.

`compiling.compile_pattern` turns a text into one of four frozen values, each a `ports.log_store.Matcher`:
terms, a regular expression, conditions on JSON, conditions on fields between spaces. Nothing here looks at a
message twice from the same place: the time is linear in it, whatever pattern and message say.

Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters, subscription filters, filter
log events, and Live Tail".
"""
