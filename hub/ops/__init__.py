"""What every process shows of itself: metrics, health, logs; how it is tied to its parent. Knows nothing of ours."""
