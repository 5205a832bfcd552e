"""Topics of Kafka, as the source reads them and the output writes them. Start with :mod:`.forms`."""
