"""How well what is asked is found: recall of the turns that hold the answer."""
