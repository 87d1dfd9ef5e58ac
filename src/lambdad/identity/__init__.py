"""Who asks: signatures, and what stands behind keys."""
