"""What the demonstration's accounts sign in with: public, marked as such on every page, refused in real systems."""

PASSWORD = "quiet field, green apple"  # noqa: S105 - public on purpose
PIN = "604118"
