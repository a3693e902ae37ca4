"""The releases of a stack that are recorded beside its code, and the way back to one of them.

A record is the template that CloudFormation ran, after its transforms, and the values of its parameters. It is kept in the
bucket that holds the functions' code, as `releases/<stack>/<time>/template.json` and `parameters.json`. The time is UTC.
"""

import datetime
import json
import sys
from functools import cached_property

import boto3
from botocore.exceptions import ClientError

# The waiters of CloudFormation ask every 30 s by default. An update of functions takes less.
WAIT = {"Delay": 2, "MaxAttempts": 900}

# How many records are read to find what runs among them.
SEARCHED = 20


class Stack:
    def __init__(self, name: str):
        self.name = name
        self._cloudformation = boto3.client("cloudformation")
        self._s3 = boto3.client("s3")

    def status(self) -> str | None:
        """CloudFormation's status of the stack; None if there is no stack."""
        try:
            return self._describe()["StackStatus"]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise

    def record(self) -> str | None:
        """Records what runs now, before it is replaced. Returns the record's name; None if nothing runs or it is the newest record."""
        if self.status() in (None, "REVIEW_IN_PROGRESS"):
            return None
        running = self._running()
        newest = next(iter(self.recorded()), None)
        if newest and self._read(newest) == running:
            return None
        name = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        for part, content in running.items():
            self._s3.put_object(Bucket=self._bucket, Key=self._key(name, part), Body=json.dumps(content).encode())
        return name

    def recorded(self) -> list[str]:
        """The names of the recorded releases, newest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"releases/{self.name}/")
        return sorted({item["Key"].split("/")[2] for page in pages for item in page.get("Contents", [])}, reverse=True)

    def undo(self, release: str | None = None) -> str:
        """Goes back to a recorded release, by default to the one before what runs, and returns what it went back to.

        Without a release, an update that is under way is cancelled, and CloudFormation goes back by itself.
        """
        if self.status() == "UPDATE_IN_PROGRESS" and release is None:
            self._cloudformation.cancel_update_stack(StackName=self.name)
            self._wait("stack_rollback_complete")
            return "the release before the cancelled update"
        release = release or self._previous()
        if release is None:
            sys.exit(f"{self.name}: no earlier release is recorded")
        self._cloudformation.update_stack(
            StackName=self.name,
            TemplateURL=f"{self._s3.meta.endpoint_url}/{self._bucket}/{self._key(release, 'template')}",
            Parameters=self._read(release)["parameters"],
            Capabilities=["CAPABILITY_IAM"],
        )
        self._wait("stack_update_complete")
        return f"the release recorded at {release}"

    def alarms_that_fire(self, others: list[str]) -> set[str]:
        """The names of the stack's alarms, and of `others`, that are in ALARM."""
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        names = [
            resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::CloudWatch::Alarm"
        ] + others
        cloudwatch = boto3.client("cloudwatch")
        firing = set()
        # DescribeAlarms takes 100 names.
        for start in range(0, len(names), 100):
            page = cloudwatch.describe_alarms(AlarmNames=names[start : start + 100], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
            for alarm in page["MetricAlarms"] + page["CompositeAlarms"]:
                if alarm["StateValue"] == "ALARM":
                    firing.add(alarm["AlarmName"])
        return firing

    def _previous(self) -> str | None:
        """The newest record; if what runs is recorded, the record before it."""
        recorded = self.recorded()[:SEARCHED]
        running = self._running()
        for name, earlier in zip(recorded, recorded[1:] + [None]):
            if self._read(name) == running:
                return earlier
        return next(iter(recorded), None)

    def _describe(self) -> dict:
        return self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]

    def _running(self) -> dict:
        parameters = [
            {"ParameterKey": parameter["ParameterKey"], "ParameterValue": parameter["ParameterValue"]}
            for parameter in self._describe().get("Parameters", [])
        ]
        return {
            "template": self._template(),
            "parameters": sorted(parameters, key=lambda parameter: parameter["ParameterKey"]),
        }

    def _template(self) -> dict:
        return self._cloudformation.get_template(StackName=self.name, TemplateStage="Processed")["TemplateBody"]

    @cached_property
    def _bucket(self) -> str:
        functions = (body for body in self._template()["Resources"].values() if body["Type"] == "AWS::Lambda::Function")
        return next(functions)["Properties"]["Code"]["S3Bucket"]

    def _key(self, release: str, part: str) -> str:
        return f"releases/{self.name}/{release}/{part}.json"

    def _read(self, release: str) -> dict:
        return {
            part: json.load(self._s3.get_object(Bucket=self._bucket, Key=self._key(release, part))["Body"])
            for part in ("template", "parameters")
        }

    def _wait(self, state: str) -> None:
        self._cloudformation.get_waiter(state).wait(StackName=self.name, WaiterConfig=WAIT)
