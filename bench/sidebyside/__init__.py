# SPDX-License-Identifier: Apache-2.0
"""The side-by-side runner: servers, measurements, rows and the report of bench/run."""
