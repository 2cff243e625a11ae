"""The shell: fetches, leases, visits and writes; and the pure decisions it obeys."""
