"""Code on the local disk: `entries` judges a zip file, `unpack` makes it a tree, `code_store` keeps both."""
