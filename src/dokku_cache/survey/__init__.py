"""Collects the facts about caches from all sources, classifies them, and lists them. Changes nothing."""
