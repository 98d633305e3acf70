"""Changes to files: keeping them in one go or in parts, deleting, restoring and purging them."""

from workbench.files.commands.attaching import attach as attach
from workbench.files.commands.attaching import detach as detach
from workbench.files.commands.attaching import detach_all as detach_all
from workbench.files.commands.attaching import discard as discard
from workbench.files.commands.attaching import keep_made as keep_made
from workbench.files.commands.attaching import place as place
from workbench.files.commands.attaching import purge_attached as purge_attached
from workbench.files.commands.attaching import reattach as reattach
from workbench.files.commands.attaching import settle as settle
from workbench.files.commands.keeping import keep as keep
from workbench.files.commands.keeping import note_download as note_download
from workbench.files.commands.keeping import put as put
from workbench.files.commands.keeping import remove as remove
from workbench.files.commands.keeping import restore as restore
from workbench.files.commands.keeping import set_quota as set_quota
from workbench.files.commands.parts import abandon as abandon
from workbench.files.commands.parts import append as append
from workbench.files.commands.parts import begin as begin
from workbench.files.commands.parts import finish as finish
from workbench.files.commands.purging import expire as expire
from workbench.files.commands.purging import mark_lost as mark_lost
from workbench.files.commands.purging import measure as measure
from workbench.files.commands.purging import purge as purge
from workbench.files.commands.purging import tenants as tenants
