"""How the flights of a carrier went: delays, destinations, hours, and every single flight."""
