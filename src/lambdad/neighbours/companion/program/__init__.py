"""What runs in the companion's own interpreter; nothing of lambdad can be imported there."""
