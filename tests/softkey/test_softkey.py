#!/usr/bin/python3
"""Tests the software key with programs that know nothing of it: python3-fido2, Debian's fido2-tools.

The cases stand in cases_*.py; this is the one file to run. SOFTKEY_BUILD=DIRECTORY takes what was
built there (with sanitizers, say); otherwise the key is built first.
"""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases_ctap  # noqa: E402 (found beside this file)
import cases_faults  # noqa: E402
import cases_hid  # noqa: E402
import cases_pin  # noqa: E402
import cases_tools  # noqa: E402
import cases_u2f  # noqa: E402

MODULES = (cases_hid, cases_ctap, cases_pin, cases_u2f, cases_tools, cases_faults)


def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite(loader.loadTestsFromModule(module) for module in MODULES)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    for test, why in result.skipped:
        print("skipped: %s: %s" % (test, why))
    failed = len({str(test).split(" (subtest")[0] + str(getattr(test, "test_case", ""))
                  for test, _ in result.failures + result.errors})
    passed = result.testsRun - failed - len(result.skipped)
    skipped = ", %d skipped" % len(result.skipped) if result.skipped else ""
    print("%d passed, %d failed%s" % (passed, failed, skipped))
    sys.exit(failed > 0)
