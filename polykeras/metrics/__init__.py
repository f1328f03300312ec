"""x"""
Metric=1
