"""The state of legacy caches: collects facts from all sources, and classifies them. Changes nothing."""
