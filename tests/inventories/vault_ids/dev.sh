#!/bin/sh
echo development
