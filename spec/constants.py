"""Numbers that every implementation must share, each with the reason for its value."""

LOG_RATIO_LIMIT = 20.0
"""Bound of the log-ratio before exp, so that a stale token cannot overflow.

verl uses the same. No honest ratio is near e^20.
"""

EQUAL_WITHIN = 1e-12
"""Relative spread under which rewards or returns count as equal.

Their mean is only exact up to round-off (known bug P13).
"""

E4M3_LARGEST = 448.0
"""Largest number of FP8 E4M3: 1.75 * 2^8. The code above it is NaN, there is no infinity."""

E4M3_TOP_BINADE = (448.0, 416.0, 384.0, 352.0, 320.0, 288.0, 256.0, 240.0)
"""The numbers of E4M3 in (224, 448].

Up to a factor of two they are all that the largest weight of a channel can be rounded to.
"""

SMALLEST_SCALE, LARGEST_SCALE = 2.0**-126, 2.0**118
"""Smallest normal float32, and a scale whose 448-fold is still finite in float32."""
