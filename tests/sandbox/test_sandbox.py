#!/usr/bin/python3
"""Tests the simulated mailcow itself: every documented row, trap and fault.

The cases stand in cases_*.py; this is the one file to run.
"""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases_absence  # noqa: E402 (found beside this file)
import cases_admins  # noqa: E402
import cases_api  # noqa: E402
import cases_arranger  # noqa: E402
import cases_audit  # noqa: E402
import cases_crowds  # noqa: E402
import cases_factors  # noqa: E402
import cases_faults  # noqa: E402
import cases_holds  # noqa: E402
import cases_login  # noqa: E402
import cases_options  # noqa: E402
import cases_passkeys  # noqa: E402
import cases_relying_party  # noqa: E402
import cases_security_keys  # noqa: E402
import cases_sessions  # noqa: E402

MODULES = (cases_login, cases_sessions, cases_factors, cases_holds, cases_api, cases_security_keys,
           cases_passkeys, cases_relying_party, cases_admins, cases_audit, cases_faults,
           cases_options, cases_absence, cases_arranger, cases_crowds)


def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite(loader.loadTestsFromModule(module) for module in MODULES)


def main():
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    passed = result.testsRun - failed - len(result.skipped)
    print(f"{passed} passed, {failed} failed, {len(result.skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
