"""The training system of a national mine action centre."""
