"""Properties of the record of software: what differs is named, what one side lacks is not."""

import os
import subprocess
import sys

from seed.spec.software import differences, software


def test_a_record_names_versions_and_the_threads_that_sum() -> None:
    record = software("reference")
    assert {"seed", "python", "machine", "numpy", "BLAS"} <= set(record)
    assert all(record.values()) and "torch" not in record
    assert software("scaled")["torch"]


def test_only_what_both_sides_have_is_compared() -> None:
    saved, now = {"numpy": "1", "torch": "2", "BLAS": "a"}, {"numpy": "3", "BLAS": "a", "new": "b"}
    assert differences(saved, now) == "numpy 1 (now 3)"
    assert differences({}, now) == differences(now, now) == ""


def test_the_number_of_blas_threads_is_that_of_the_process() -> None:
    if "BLAS threads" not in software("reference"):
        return
    script = "from seed.spec.software import software; print(software('reference')['BLAS threads'])"
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "1"
