from __future__ import annotations

import base64
from io import BytesIO

from PIL import Image


def test_every_member_of_the_own_group_is_shown(client, resident, make_user):
    neighbour, stranger = make_user(resident.group_id), make_user()
    make_user(resident.group_id, state="deactivated")
    written = BytesIO()
    Image.new("RGB", (30, 20), "red").save(written, "PNG")
    for user in (neighbour, stranger):
        body = {"avatar": base64.b64encode(written.getvalue()).decode()}
        assert client.put("/profile", json=body, headers=user.headers).status_code == 200
    answer = client.get("/assets/group-profile-pictures", headers=resident.headers)
    assert answer.status_code == 200
    first, second = answer.json
    assert first == {"id": resident.id, "avatar": None}
    assert second["id"] == neighbour.id
    assert Image.open(BytesIO(base64.b64decode(second["avatar"]))).size == (20, 20)


def test_strangers_are_refused(client):
    assert client.get("/assets/group-profile-pictures").status_code == 401
