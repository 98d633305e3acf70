"""The dashboards behind their guard, over real HTTP and real sockets."""
