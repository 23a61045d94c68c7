"""`flask meter`: meters, and what each of them measures when."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from broker.cli.command import LocalTime, Report, local, reports, table
from broker.clock import now_s
from broker.models import DEFAULT_MAX_POWER_W, MeterRole, Register
from broker.services import meter_events, meters
from broker.units import kwh_from

meter = AppGroup("meter", help="Meters, and what each of them measures when.")

REGISTERS = {"import": Register.IMPORT, "export": Register.EXPORT}
GROUP_ROLES = [role.value for role in MeterRole if role is not MeterRole.FLAT]


@meter.command("add")
@click.argument("number")
@click.option(
    "--max-power",
    "max_power_w",
    type=int,
    default=DEFAULT_MAX_POWER_W,
    show_default=True,
    help="In W; a counter that rises faster goes into quarantine.",
)
@reports
def add_meter(number: str, max_power_w: int) -> Report:
    """Make the meter NUMBER known.

    Example: flask --app app meter add 1EMH0012345678
    """
    meters.add(number, now_s(), max_power_w)
    return Report(
        f"Meter {number.strip()!r} added.", {"number": number.strip(), "max_power_w": max_power_w}
    )


@meter.command("assign")
@click.argument("number")
@click.option("--resident", "mail", help="Mail of the resident whose flat it measures.")
@click.option("--group", "group_name", help="Name of the group that it measures something for.")
@click.option("--role", type=click.Choice(GROUP_ROLES), help="What it measures for the group.")
@click.option("--from", "begin_s", type=LocalTime(), required=True)
@click.option("--until", "end_s", type=LocalTime(), help="Without it the use has no end.")
@click.option(
    "--register",
    type=click.Choice(list(REGISTERS)),
    default="import",
    show_default=True,
    help="The counter that counts: 1.8.0 (import) or 2.8.0 (export).",
)
@reports
def assign_meter(
    number: str,
    mail: str | None,
    group_name: str | None,
    role: str | None,
    begin_s: int,
    end_s: int | None,
    register: str,
) -> Report:
    """Let the meter NUMBER count for a resident's flat, or for a role of a group.

    Times are local, rounded down to the quarter hour.

    \b
    Examples:
      flask --app app meter assign 1EMH0012345678 --resident ada@example.org --from 2026-03-12
      flask --app app meter assign 1EMH0099999999 --group "Sonnenhof 12" \\
          --role first_production --register export --from "2026-03-12 14:30"
    """
    if mail and not (group_name or role):
        period = meters.assign_to_resident(number, mail, begin_s, end_s, REGISTERS[register])
        purpose = mail
    elif group_name and role and not mail:
        period = meters.assign_to_role(
            number, group_name, MeterRole(role), begin_s, end_s, REGISTERS[register]
        )
        purpose = f"{group_name} ({role})"
    else:
        raise click.UsageError("Give either --resident, or --group and --role.")
    until = f" until {local(period.end_s)}" if period.end_s is not None else ""
    data = {"number": number, "resident": mail, "group": group_name, "role": role or "flat"}
    return Report(
        f"Meter {number} counts for {purpose} from {local(period.begin_s)}{until}.",
        data | {"register": register} | period._asdict(),
    )


@meter.command("release")
@click.argument("number")
@click.option("--at", "at_s", type=LocalTime(), required=True)
@reports
def release_meter(number: str, at_s: int) -> Report:
    """End what the meter NUMBER is used for, as when its resident moves out.

    The time is local, rounded down to the quarter hour.

    Example: flask --app app meter release 1EMH0012345678 --at 2026-07-01
    """
    end_s = meters.release(number, at_s)
    return Report(
        f"Meter {number} is no longer used from {local(end_s)} on.",
        {"number": number, "end_s": end_s},
    )


@meter.command("swap")
@click.argument("old_number", metavar="OLD")
@click.argument("new_number", metavar="NEW")
@click.option("--at", "at_s", type=LocalTime(), required=True, help="When the fitter was there.")
@reports
def swap_meter(old_number: str, new_number: str, at_s: int) -> Report:
    """Put the meter NEW in the place of OLD. Add NEW first.

    The old meter's use ends with the quarter hour of the exchange, the new one's begins with it,
    so the time is rounded up for the one and down for the other.

    Example: flask --app app meter swap 1EMH0012345678 1EMH0087654321 --at "2026-09-03 10:20"
    """
    swapped = meters.swap(old_number, new_number, at_s)
    return Report(
        f"Meter {old_number} counts until {local(swapped.old_end_s)} (rounded up),\n"
        f"meter {new_number} from {local(swapped.new_begin_s)} on (rounded down).",
        {"old": old_number, "new": new_number} | swapped._asdict(),
    )


@meter.command("list")
@reports
def list_meters() -> Report:
    """Show all meters with their present use and their last reading.

    Example: flask --app app meter list
    """
    known = meters.listed(now_s())
    rows = [
        (
            row["number"],
            ", ".join(map(_use, row["uses"])) or "not in use",
            local(row["last_reading_s"]),
            row["quarantined"] or "",
        )
        for row in known
    ]
    return Report(table(("Meter", "Use", "Last reading", "In quarantine"), rows), {"meters": known})


@meter.command("events")
@click.option("--meter", "number", help="Only of this meter.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@reports
def list_events(number: str | None, limit: int) -> Report:
    """Show what readings gave away: jitter, exchanged registers, implausible jumps.

    Example: flask --app app meter events --meter 1EMH0012345678
    """
    events = meter_events.listed(number, limit)
    rows = [
        (
            event["meter"],
            local(event["time_s"]),
            event["kind"],
            f"{kwh_from(event['before_tenth_uwh'] or 0):.3f}",
            f"{kwh_from(event['after_tenth_uwh'] or 0):.3f}",
        )
        for event in events
    ]
    return Report(
        table(("Meter", "Time", "Event", "kWh before", "after"), rows), {"events": events}
    )


def _use(use: dict[str, Any]) -> str:
    purpose = use["resident"] or f"{use['group']} ({use['role']})"
    return purpose + (", export" if use["register"] == Register.EXPORT else "")
