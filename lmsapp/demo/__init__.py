"""A demonstration that looks like life: invented people, three cohorts, results, certificates. Everything is marked."""
