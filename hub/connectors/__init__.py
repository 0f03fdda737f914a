"""Shell in: doors that bring units from source systems, and the one intake loop that alone acknowledges them.

    door (MLLP, file drop) ──Delivery──▶ intake: read → agree → seal → publish, await the broker ──▶ ack ──▶ door answers the sender

A connector is a folder of `catalog/`: which door, which mapping program. Parsing, mapping and publishing are handed in.
"""
