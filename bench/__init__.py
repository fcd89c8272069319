"""Benchmarks: whole commands of this plugin next to the tools that people use today."""
