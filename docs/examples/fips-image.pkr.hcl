# SPDX-License-Identifier: Apache-2.0
# Packer: hold a mounted image against its manifest before it ships; the provisioner goes
# behind the others of your own build.
#   packer build -var image=/mnt/image -var manifest=manifest-el8-x86_64.json.asc fips-image.pkr.hcl
variable "image" { type = string }
variable "manifest" { type = string }

source "null" "image" {
  communicator = "none"
}

build {
  sources = ["source.null.image"]

  provisioner "shell-local" {
    inline = ["fips-tool --quiet --root '${var.image}' --report 'junit:${var.image}.fips.xml' '${var.manifest}'"]
  }
}
