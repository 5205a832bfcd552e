"""The built-in profiles: one YAML file a document type, and what was learned for it beside it."""
