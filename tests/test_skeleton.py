def test_boot(client):
    r = client.get("/nothing-here")
    assert r.status_code == 404
    assert set(r.json) == {"errorName", "errorDescription"}
