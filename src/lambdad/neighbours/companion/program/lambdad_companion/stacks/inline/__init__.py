"""What CloudFormation puts beside code that stands in a template.

Source: CloudFormation user guide, "cfn-response module".
"""
