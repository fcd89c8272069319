"""Benchmarks: this plugin beside what people use today."""
