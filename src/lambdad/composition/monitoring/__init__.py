"""What operators ask a server: metrics, whether it is ready; and where its traces go."""
