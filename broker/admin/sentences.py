"""What services say to operators, for the catalogue of texts: `%s` stands for names and numbers.

Commands print these sentences in English as they are; the pages translate them.
"""

from __future__ import annotations

from broker.api.languages import with_numbers

SENTENCES = (
    with_numbers("%s has an account already."),
    with_numbers("%s has been deactivated already."),
    with_numbers("%s is not a mail address."),
    with_numbers("A base price lies between 0 and 1,000,000."),
    with_numbers("A flat's meter is assigned to its resident."),
    with_numbers("A group's name has 1 to %s characters."),
    with_numbers("A kWh costs at most 10,000 ct. Is the unit right?"),
    with_numbers("A key needs at least one meter, or the grid's rates."),
    with_numbers("A key's name has 1 to %s characters."),
    with_numbers("A meter can't be exchanged for itself."),
    with_numbers("A meter's highest power is 1 to %s W."),
    with_numbers("A meter's id at inexogy has 1 to %s letters, digits or dashes."),
    with_numbers("A meter's number has 1 to %s characters."),
    with_numbers("A meter's use must end at least a quarter hour after its begin."),
    with_numbers("A share lies between 0 and 100 %."),
    with_numbers("A tariff must end at least a day after its first."),
    with_numbers("A term's energy is more than 0 and at most %s kWh."),
    with_numbers("From %s on the shares would be %s % of the whole. Lower another one first."),
    with_numbers("It needs 1 to %s letters."),
    with_numbers("Missing data for required field."),
    with_numbers("No reading of this meter at %s is in quarantine."),
    with_numbers("Not a valid date."),
    with_numbers("Not a valid integer."),
    with_numbers("Not a valid number."),
    with_numbers("Tariff %s holds from %s until %s. End that one first."),
    with_numbers("Tariff %s holds from %s with no end. End that one first."),
    with_numbers(
        "The flat of %s has a meter from %s until %s (UTC). Release that one first, or swap it."
    ),
    with_numbers(
        "The flat of %s has a meter from %s with no end (UTC). Release that one first, or swap it."
    ),
    with_numbers("The key %s has been revoked already."),
    with_numbers("The last term that is over began in %s; %s can't be entered."),
    with_numbers("The meter %s is in use from %s until %s (UTC)."),
    with_numbers("The meter %s is in use from %s with no end (UTC)."),
    with_numbers("The meter %s is not in use at %s (UTC)."),
    with_numbers("The tax on prices lies between 0 and 100 %."),
    with_numbers("There is a group %s already."),
    with_numbers("There is a key %s already."),
    with_numbers("There is a meter %s already."),
    with_numbers("There is no account of %s."),
    with_numbers("There is no group %s."),
    with_numbers("There is no key %s."),
    with_numbers("There is no meter %s."),
    with_numbers("There is no tariff %s."),
    with_numbers("There is no value of %s for the term of %s."),
    with_numbers("This is no number such as 12.5, or a finer one."),
    with_numbers("This is no time such as 2026-03-12 14:30."),
    with_numbers("This is your own account. Another operator has to close it."),
    with_numbers(
        "%s is over, so this would change what has been shown of it. To correct the past all the "
        "same, say so (in commands: --correct)."
    ),
    with_numbers("inexogy calls the meter %s so already."),
    with_numbers("You typed what inexogy calls the meter, but chose Broker."),
)
