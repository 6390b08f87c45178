"""The API for editors' tools."""

API = "/api/v1"
