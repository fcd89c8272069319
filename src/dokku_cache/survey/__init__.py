"""Finding out the state of legacy caches: asks the borders, and judges by the evidence. Changes nothing."""
