"""Operations of lambdad's own that are rarely asked for: imported with the first request for one of them."""
