"""The page people look at: `GET /` of the API's listener."""
