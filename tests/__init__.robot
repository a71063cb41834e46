#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

*** Settings ***
Documentation     The module on a real node. NODE_ADDR is its address, SSH_KEYFILE the key of its root user.
Library           SSHLibrary
Suite Setup       Connect to the node
Suite Teardown    Close All Connections

*** Variables ***
${SSH_KEYFILE}    %{HOME=/root}/.ssh/id_ecdsa

*** Keywords ***
Connect to the node
    Open Connection    ${NODE_ADDR}
    Login With Public Key    root    ${SSH_KEYFILE}
    ${state} =    Execute Command    systemctl is-system-running --wait
    Should Be True    $state in ('running', 'degraded')
