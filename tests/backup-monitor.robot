#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

*** Settings ***
Documentation     Installs the module, configures it, posts an alert, reads the report, updates it and removes it.
Library           SSHLibrary
Library           Collections

*** Variables ***
${IMAGE_URL}      ghcr.io/nethserver/backup-monitor:latest
${ALERT}          {"version":"4","status":"firing","alerts":[{"status":"firing","fingerprint":"robot","startsAt":"2026-01-01T00:00:00Z","labels":{"alertname":"BackupFailed","id":"4711","name":"Robot","node":"1"}}]}
${SETTINGS}       {"mail_to":["admin@example.org"],"mail_from":"","mail_language":"en","notify_on":"failure","wait_seconds":0,"settle_seconds":0,"repeat_seconds":72000,"missing_grace_seconds":null,"repo_check":true}

*** Test Cases ***
It is installed
    ${output} =    Run on the node    add-module ${IMAGE_URL} 1
    ${added} =    Evaluate    json.loads($output)    modules=json
    Set Suite Variable    ${MODULE}    ${added}[module_id]
    Wait Until Keyword Succeeds    60s    2s    Service answers

It is not configured yet
    ${configuration} =    Run action    get-configuration
    Should Not Be True    ${configuration}[configured]
    Should Be Empty    ${configuration}[mail_to]

A wrong address is refused
    ${output}    ${code} =    Execute Command
    ...    api-cli run module/${MODULE}/configure-module --data '${SETTINGS.replace("admin@", "@")}'    return_rc=True
    Should Not Be Equal As Integers    ${code}    0

It is configured
    Run action    configure-module    ${SETTINGS}
    Wait Until Keyword Succeeds    60s    2s    Service answers
    ${configuration} =    Run action    get-configuration
    Should Be True    ${configuration}[configured]

The password of the module is seen nowhere
    ${password} =    Run on the node    runagent -m ${MODULE} sh -c 'echo $REDIS_PASSWORD'
    Run on the node    ! ps -eww -o args | grep -v grep | grep -F -e '${password}'
    Run on the node    ! journalctl --no-pager _UID=$(id -u ${MODULE}) | grep -F -e '${password}'
    Run on the node    ! redis-cli hgetall module/${MODULE}/environment | grep -F -e '${password}'

An alert makes a report
    ${port} =    Run on the node    runagent -m ${MODULE} sh -c 'echo $TCP_PORT'
    ${token} =    Run on the node    runagent -m ${MODULE} cat receiver-token
    Run on the node    curl -sf -H 'Content-Type: application/json' -H 'Authorization: Bearer ${token}' -d '${ALERT}' http://127.0.0.1:${port}/alert
    ${report} =    Wait Until Keyword Succeeds    60s    2s    Newest report
    ${whole} =    Run action    get-report    {"id": ${report}[id]}
    Should Be Equal    ${whole}[outcome]    ${report}[outcome]

The environment is checked
    ${answer} =    Run action    check-environment
    ${states} =    Evaluate    {check['name']: check['state'] for check in $answer['checks']}
    Should Be Equal    ${states}[redis]    ok
    Should Be Equal    ${states}[gateway]    ok
    Should Be Equal    ${states}[api]    ok

An update keeps settings and reports
    ${before} =    Newest report
    Run on the node
    ...    api-cli run update-module --data '{"module_url":"${IMAGE_URL}","instances":["${MODULE}"],"force":true}'
    Wait Until Keyword Succeeds    60s    2s    Service answers
    ${configuration} =    Run action    get-configuration
    Should Be True    ${configuration}[configured]
    ${after} =    Newest report
    Should Be Equal As Integers    ${after}[id]    ${before}[id]

It is removed
    Run on the node    remove-module --no-preserve ${MODULE}
    ${keys} =    Run on the node    redis-cli --scan --pattern 'module/${MODULE}/*'
    Should Be Empty    ${keys}

*** Keywords ***
Run on the node
    [Arguments]    ${command}
    ${output}    ${error}    ${code} =    Execute Command    ${command}    return_stderr=True    return_rc=True
    Should Be Equal As Integers    ${code}    0    ${command}: ${output} ${error}    values=False
    RETURN    ${output}

Run action
    [Arguments]    ${action}    ${data}={}
    ${output} =    Run on the node    api-cli run module/${MODULE}/${action} --data '${data}'
    ${answer} =    Evaluate    json.loads($output or 'null')    modules=json
    RETURN    ${answer}

Service answers
    ${status} =    Run action    get-monitor-status
    Should Be True    ${status}[reachable]

Newest report
    ${answer} =    Run action    list-reports    {"limit": 1}
    Should Not Be Empty    ${answer}[reports]
    RETURN    ${answer}[reports][0]
