"""What tests share: documents made by code, suites run against several implementations, assertions."""
