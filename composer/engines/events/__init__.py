"""The engine of models that write events, one row after the other, whatever their trunk.

`engine` answers asks: it makes a `drawing` of each (what is read first, rules, leanings), lets
`decoding` draw, and makes `takes` of the rows. No other room sees an event.
"""
