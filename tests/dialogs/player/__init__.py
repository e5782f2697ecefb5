# SPDX-License-Identifier: Apache-2.0
"""The parts that play a dialog file against a running server."""
