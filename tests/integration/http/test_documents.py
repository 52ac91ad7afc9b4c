"""Documents over HTTP: nothing of one outlives it among the answers that are kept for repeated requests."""

from support.backdoor import Backdoor


def test_no_answer_that_tells_of_a_document_is_kept(server, root, amina):
    root.identity.set_clearance("amina@acme.test", ["S", "D"], tenant="acme")
    base = amina.post("/knowledge/bases", json={"name": "products"}).json()["id"]
    told = {"text": "wenge", "title": "wenge", "metadata": {"about": "wenge"}, "clearance": "S"}
    headers = {"Idempotency-Key": "k-1"}
    first, again = (
        amina.post(f"/knowledge/bases/{base}/documents", json=told, headers=headers).json() for _ in range(2)
    )
    assert first == again
    assert amina.delete(f"/knowledge/documents/{first['id']}").status_code == 204
    door = Backdoor(server.app.serving.store.engine)
    kept = door.run("SELECT answer FROM idempotent_requests")
    assert "wenge" not in str(kept)
    root.identity.set_clearance("amina@acme.test", ["D"], tenant="acme")
    assert amina.post(f"/knowledge/bases/{base}/documents", json=told, headers=headers).status_code == 403
