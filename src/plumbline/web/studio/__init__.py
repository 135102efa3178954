"""The studio over HTTP: people judge in a browser or by programs, and see how far it is.

What it does stands in `feedback.collecting`; here are routes, who may take them, and pages.
"""
