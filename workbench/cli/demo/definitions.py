"""The shared datasets of the demo: what their columns mean, from the documentation of the data.

Source: the R package nycflights13 (CC0), all flights that left New York City in 2013.
"""

from workbench.datasets.schemas import NewColumn, NewDataset, NewRelation

FLIGHTS = NewDataset(
    name="flights",
    title="Flights",
    description="Every flight that left New York City in 2013, on time or not.",
    columns=[
        NewColumn(name="year", type="integer", title="Year"),
        NewColumn(name="month", type="integer", title="Month"),
        NewColumn(name="day", type="integer", title="Day"),
        NewColumn(name="dep_time", type="integer", title="Departure, local", unit="HHMM"),
        NewColumn(name="sched_dep_time", type="integer", title="Planned departure", unit="HHMM"),
        NewColumn(name="dep_delay", type="integer", title="Departure delay", unit="min"),
        NewColumn(name="arr_time", type="integer", title="Arrival, local", unit="HHMM"),
        NewColumn(name="sched_arr_time", type="integer", title="Planned arrival", unit="HHMM"),
        NewColumn(name="arr_delay", type="integer", title="Arrival delay", unit="min"),
        NewColumn(name="carrier", type="text", title="Carrier"),
        NewColumn(name="flight", type="integer", title="Flight number"),
        NewColumn(name="tailnum", type="text", title="Tail number"),
        NewColumn(name="origin", type="text", title="From"),
        NewColumn(name="dest", type="text", title="To"),
        NewColumn(name="air_time", type="integer", title="Time in the air", unit="min"),
        NewColumn(name="distance", type="integer", title="Distance", unit="mi"),
        NewColumn(name="hour", type="integer", title="Hour of planned departure", unit="h"),
        NewColumn(name="minute", type="integer", title="Minute of planned departure", unit="min"),
        NewColumn(name="time_hour", type="timestamp", title="Planned departure, to the hour"),
    ],
)
AIRLINES = NewDataset(
    name="airlines",
    title="Airlines",
    description="Carrier codes and names.",
    columns=[
        NewColumn(name="carrier", type="text", title="Carrier"),
        NewColumn(name="name", type="text", title="Name"),
    ],
)
AIRPORTS = NewDataset(
    name="airports",
    title="Airports",
    description="Where airports lie.",
    columns=[
        NewColumn(name="faa", type="text", title="FAA code"),
        NewColumn(name="name", type="text", title="Name"),
        NewColumn(name="lat", type="number", title="Latitude", unit="°"),
        NewColumn(name="lon", type="number", title="Longitude", unit="°"),
        NewColumn(name="alt", type="number", title="Altitude", unit="ft"),
        NewColumn(name="tz", type="number", title="Offset from GMT", unit="h"),
        NewColumn(name="dst", type="text", title="Daylight saving"),
        NewColumn(name="tzone", type="text", title="Time zone"),
    ],
)
PLANES = NewDataset(
    name="planes",
    title="Planes",
    description="What is known of each tail number.",
    columns=[
        NewColumn(name="tailnum", type="text", title="Tail number"),
        NewColumn(name="year", type="integer", title="Year built"),
        NewColumn(name="type", type="text", title="Type"),
        NewColumn(name="manufacturer", type="text", title="Manufacturer"),
        NewColumn(name="model", type="text", title="Model"),
        NewColumn(name="engines", type="integer", title="Engines"),
        NewColumn(name="seats", type="integer", title="Seats"),
        NewColumn(name="speed", type="integer", title="Cruising speed", unit="mph"),
        NewColumn(name="engine", type="text", title="Engine"),
    ],
)
WEATHER = NewDataset(
    name="weather",
    title="Weather",
    description="Hourly weather at the three airports of New York City.",
    columns=[
        NewColumn(name="origin", type="text", title="Airport"),
        NewColumn(name="year", type="integer", title="Year"),
        NewColumn(name="month", type="integer", title="Month"),
        NewColumn(name="day", type="integer", title="Day"),
        NewColumn(name="hour", type="integer", title="Hour", unit="h"),
        NewColumn(name="temp", type="number", title="Temperature", unit="°F"),
        NewColumn(name="dewp", type="number", title="Dew point", unit="°F"),
        NewColumn(name="humid", type="number", title="Humidity", unit="%"),
        NewColumn(name="wind_dir", type="number", title="Wind direction", unit="°"),
        NewColumn(name="wind_speed", type="number", title="Wind speed", unit="mph"),
        NewColumn(name="wind_gust", type="number", title="Gusts", unit="mph"),
        NewColumn(name="precip", type="number", title="Precipitation", unit="in"),
        NewColumn(name="pressure", type="number", title="Pressure", unit="mbar"),
        NewColumn(name="visib", type="number", title="Visibility", unit="mi"),
        NewColumn(name="time_hour", type="timestamp", title="Hour"),
    ],
)

DATASETS = (FLIGHTS, AIRLINES, AIRPORTS, PLANES, WEATHER)


def _relation(name: str, target: str, **pairs: str) -> NewRelation:
    columns, target_columns = [*pairs], [*pairs.values()]
    return NewRelation(name=name, columns=columns, target=target, target_columns=target_columns)


# `dest.name` is the name of the airport that a flight went to.
RELATIONS = (
    _relation("carrier", "airlines", carrier="carrier"),
    _relation("dest", "airports", dest="faa"),
    _relation("origin", "airports", origin="faa"),
    _relation("plane", "planes", tailnum="tailnum"),
    _relation("weather", "weather", origin="origin", time_hour="time_hour"),
)
